"""`python -m bridge.cli`: the console script, where none is installed on PATH."""

from bridge.cli import main

if __name__ == "__main__":
    main()
