"""How ripe is this banana, and is it one at all?"""
