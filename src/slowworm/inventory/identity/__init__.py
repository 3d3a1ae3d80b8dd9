"""Address and time joined with what switches, routers, DHCP servers and NAT gateways list."""
