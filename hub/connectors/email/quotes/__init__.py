"""What a sender wrote, told apart from what their mail program quoted below it."""
