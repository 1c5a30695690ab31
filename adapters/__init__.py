"""The people and programs that come in, and the channels that facts go out by."""
