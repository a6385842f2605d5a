"""The two protocols that mail travels by: IMAP in, SMTP out."""
