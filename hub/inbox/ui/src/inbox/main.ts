import '$shared/base.css';
