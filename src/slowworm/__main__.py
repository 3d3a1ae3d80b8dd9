"""``python -m slowworm``."""

from slowworm.cli import main

if __name__ == "__main__":
    main()
