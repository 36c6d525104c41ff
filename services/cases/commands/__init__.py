"""What the cases service does. Every command looks like its sister: read, decide, write, record, return."""
