"""What integration tests stand on: a private PostgreSQL, the Luzmo simulator, the program, and the truth about both."""
