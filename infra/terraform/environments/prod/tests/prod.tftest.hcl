mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "111122223333"
    }
  }
}

variables {
  region = "eu-central-1"
  image  = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trending-now/serving:0.1.0"
  repository_arns = {
    serving  = "arn:aws:ecr:eu-central-1:111122223333:repository/trending-now/serving"
    training = "arn:aws:ecr:eu-central-1:111122223333:repository/trending-now/training"
  }
  oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
  github_repository = "example-org/trending-now"
  secrets           = { TRENDING_MCP_TOKENS = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:tokens-AbCdEf" }
}

run "prod_keeps_at_least_two_containers" {
  assert {
    condition     = output.service.scaling.min >= 2 && output.service.scaling.max > output.service.scaling.min
    error_message = "losing one container is an outage, or a rush can't be met"
  }
}

run "prod_runs_on_ecs_express_unless_told_otherwise" {
  assert {
    condition     = output.service.kind == "ecs_express"
    error_message = "not ECS Express"
  }
}

run "prod_has_stores_of_its_own" {
  assert {
    condition     = alltrue([for key in ["TRENDING_S3_ARTIFACTS", "TRENDING_DATA", "TRENDING_RELEASES"] : startswith(output.stack_environment[key], "s3://trending-now-prod-")])
    error_message = "prod shares a bucket"
  }
}
