"""Sends: one action is one HTTP exchange with the chat service. The only home of httpx."""
