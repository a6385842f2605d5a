"""The format of a mail, read: parts, headers, charsets, transfer encodings, message ids."""
