"""Entry point: runs the command line and turns errors into exit statuses."""

from keeper.cli import main

if __name__ == "__main__":
    main()
