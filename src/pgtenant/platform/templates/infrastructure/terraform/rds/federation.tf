# For clusters elsewhere: a record in a private zone, and PrivateLink.

resource "aws_route53_record" "this" {
  count = var.private_dns == null ? 0 : 1

  zone_id = var.private_dns.zone_id
  name    = var.private_dns.name
  type    = "CNAME"
  ttl     = 60
  records = [aws_db_instance.this.address]
}

locals {
  privatelink = var.privatelink == null ? {} : { (local.identifier) = var.privatelink }
  # Load balancers and target groups have 32 characters for a name.
  privatelink_name = "${substr("${var.prefix}-db-${var.environment}", 0, 28)}-pl"
}

resource "aws_security_group" "privatelink" {
  for_each = local.privatelink

  name        = "${each.key}-privatelink"
  description = "PrivateLink in front of ${each.key}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "privatelink" {
  for_each = local.privatelink

  security_group_id            = aws_security_group.privatelink[each.key].id
  description                  = "PostgreSQL of the instance"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_ingress_rule" "privatelink" {
  for_each = local.privatelink

  security_group_id            = aws_security_group.this.id
  description                  = "PostgreSQL through PrivateLink"
  referenced_security_group_id = aws_security_group.privatelink[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_lb" "privatelink" {
  # checkov:skip=CKV_AWS_91:Access logs of a network load balancer cover TLS listeners only, and TLS ends in PostgreSQL.
  for_each = local.privatelink

  name                             = local.privatelink_name
  internal                         = true
  load_balancer_type               = "network"
  subnets                          = var.database_subnet_ids
  security_groups                  = [aws_security_group.privatelink[each.key].id]
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.deletion_protection

  # Who may come is decided by the endpoint service, before a packet is here.
  enforce_security_group_inbound_rules_on_private_link_traffic = "off"
}

resource "aws_lb_target_group" "privatelink" {
  for_each = local.privatelink

  name        = local.privatelink_name
  vpc_id      = var.vpc_id
  target_type = "ip"
  protocol    = "TCP"
  port        = var.port

  health_check {
    protocol = "TCP"
    port     = tostring(var.port)
  }
}

resource "aws_lb_target_group_attachment" "privatelink" {
  for_each = toset(var.privatelink == null ? [] : var.privatelink.target_ips)

  target_group_arn = aws_lb_target_group.privatelink[local.identifier].arn
  target_id        = each.key
  port             = var.port
}

resource "aws_lb_listener" "privatelink" {
  for_each = local.privatelink

  load_balancer_arn = aws_lb.privatelink[each.key].arn
  protocol          = "TCP"
  port              = var.port

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.privatelink[each.key].arn
  }
}

resource "aws_vpc_endpoint_service" "privatelink" {
  for_each = local.privatelink

  acceptance_required        = true
  allowed_principals         = each.value.allowed_principals
  network_load_balancer_arns = [aws_lb.privatelink[each.key].arn]
  tags                       = { Name = each.key }
}
