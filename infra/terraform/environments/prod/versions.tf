terraform {
  required_version = ">= 1.11.0, < 2.0.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "6.47.0"
    }
  }
  # Bucket, key and region are given to `terraform init` by -backend-config; the state is locked by an object beside it.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { Project = "trending-now", Environment = local.environment, ManagedBy = "terraform" }
  }
}
