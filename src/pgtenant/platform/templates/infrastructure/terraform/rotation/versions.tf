terraform {
  # Ephemeral values and write-only arguments: passwords never reach a state or a plan file.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.88, < 6.0"
    }
  }
}
