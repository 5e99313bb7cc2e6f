"""The sandbox: a local stand-in for the chat service, built from its published contract.

It is not the service. What it assumes where the contract is silent stands in docs/sandbox.md.
It shares no code with the client, so that one misreading cannot hide in both.
"""
