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

run "staging_is_small" {
  assert {
    condition     = output.service.scaling.min == 1
    error_message = "staging costs as much as prod"
  }
}

run "staging_has_stores_of_its_own" {
  assert {
    condition     = alltrue([for key in ["TRENDING_S3_ARTIFACTS", "TRENDING_DATA", "TRENDING_RELEASES"] : startswith(output.stack_environment[key], "s3://trending-now-staging-")])
    error_message = "staging shares a bucket"
  }
}

run "staging_can_run_on_app_runner" {
  variables {
    service_kind = "app_runner"
  }
  assert {
    condition     = output.service.kind == "app_runner"
    error_message = "not App Runner"
  }
}
