"""What the commands do: each use case composes the pure core and the edges."""
