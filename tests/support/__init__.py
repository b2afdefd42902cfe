"""What the tests share. `README.md` here describes it."""
