# The shared PostgreSQL of test, and the catalog of the databases on it.

account_id = "123456789012"

# Replace these with the network's: Terraform refuses them, because no such subnets exist.
vpc_id              = "vpc-00000000000000000"
database_subnet_ids = ["subnet-00000000000000000", "subnet-11111111111111111"]

# The nodes that may connect, and the cluster that runs pgtenant's Job.
cluster_security_group_ids = {}
# cluster_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-2.amazonaws.com/id/EXAMPLE"

# Parameter groups are an account's: without one per environment, their names need an end.
parameter_group_suffix = "-test"

# Every application's database, declared. `pgtenant plan -e test` shows what would change.
#
#   inventory = {
#     database_name = "inventory_service"
#     username      = "inventory_user"
#     owner         = "app-team"
#     requester     = "jane-doe"
#     domain        = "application"
#     risk          = "medium"
#   }
application_databases = {}
