mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "111122223333"
    }
  }
}

variables {
  region = "eu-central-1"
}

run "the_provider_is_githubs_for_aws_only" {
  assert {
    condition     = aws_iam_openid_connect_provider.github.url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.github.client_id_list == toset(["sts.amazonaws.com"])
    error_message = "tokens for somebody else are taken"
  }
}

run "the_outputs_are_what_environments_ask_for" {
  assert {
    condition     = output.state.bucket == "trending-now-state-111122223333" && output.state.region == "eu-central-1"
    error_message = "the state goes elsewhere"
  }
  assert {
    condition     = toset(keys(output.repository_arns)) == toset(["serving", "training"])
    error_message = "an image has no repository"
  }
}

run "the_key_rotates" {
  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "the key doesn't rotate"
  }
}
