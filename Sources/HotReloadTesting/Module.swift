// The module's frame.
