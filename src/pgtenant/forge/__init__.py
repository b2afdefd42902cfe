"""The forge that the platform repository is on: git, its issues, its pull requests."""
