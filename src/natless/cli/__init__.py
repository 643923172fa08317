"""DOOR. The only room that prints, asks, or exits. One file a command; `main` opens the file that was asked for."""
