mock_provider "aws" {}

variables {
  name       = "trending-now-test"
  account_id = "111122223333"
  region     = "eu-central-1"
}

run "artifacts_versions_recordings_and_releases_have_buckets_of_their_own" {
  assert {
    condition     = toset(keys(output.buckets)) == toset(["artifacts", "data", "monitoring", "releases"])
    error_message = "a store is missing, or one too many"
  }
  assert {
    condition     = length(distinct([for bucket in output.buckets : bucket.name])) == 4
    error_message = "two stores share a bucket, so a role can't be given one of them"
  }
  assert {
    condition     = output.buckets.releases.arn == "arn:aws:s3:::trending-now-test-releases-111122223333"
    error_message = "the ARN isn't that of the bucket"
  }
}

run "the_key_rotates_and_can_be_got_back" {
  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "the key doesn't rotate, or is gone before anybody notices"
  }
}

run "services_of_aws_use_the_key_for_this_account_only" {
  assert {
    condition = alltrue([for statement in jsondecode(aws_kms_key.this.policy).Statement :
      can(statement.Condition) || statement.Principal == { AWS = "arn:aws:iam::111122223333:root" }
    ])
    error_message = "a service may use the key for anybody"
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_kms_key.this.policy).Statement :
      alltrue([for action in flatten([statement.Action]) : !strcontains(action, "*")]) if can(statement.Principal.Service)
    ])
    error_message = "a service is given actions by wildcard"
  }
}

run "an_account_that_isnt_one_is_refused" {
  command = plan
  variables {
    account_id = "1111-2222-3333"
  }
  expect_failures = [var.account_id]
}

run "a_name_that_makes_buckets_names_too_long_is_refused" {
  command = plan
  variables {
    name = "trending-now-with-a-name-that-is-too-long"
  }
  expect_failures = [var.name]
}
