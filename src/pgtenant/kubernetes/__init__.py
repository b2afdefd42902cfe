"""What a cluster has, asked with kubectl."""
