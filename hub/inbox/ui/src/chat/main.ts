import '$shared/base.css';

const target = document.getElementById('app');
if (target) target.textContent = '';
