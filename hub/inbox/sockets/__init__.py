"""The events of the Socket.IO namespaces `/agent` and `/visitor`, and what is broadcast to them."""
