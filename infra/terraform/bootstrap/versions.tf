terraform {
  required_version = ">= 1.11.0, < 2.0.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "6.47.0"
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { Project = "trending-now", ManagedBy = "terraform" }
  }
}
