"""The queue: the order of waiting conversations, their places, and the notices to visitors."""
