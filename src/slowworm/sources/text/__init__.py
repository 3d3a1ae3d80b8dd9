"""Flow listings as routers print them, one module per command."""
