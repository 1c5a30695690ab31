"""Where facts go out."""
