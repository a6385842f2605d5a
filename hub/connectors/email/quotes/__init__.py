"""The sender's own text in a mail, separated from quoted text and signatures."""
