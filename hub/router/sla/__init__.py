"""Reply and resolution times: how their clocks run (pure), and the watch that keeps them."""
