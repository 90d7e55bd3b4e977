"""Looks at a store of captured exchanges: everything that is measured in it, continued from kept state."""
