"""Download of the pictures in a list of addresses, in parallel and politely."""
