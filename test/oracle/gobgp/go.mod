// GoBGP's packet library behind a small program: the second opinion on what our decoder says.
module anycast-operator.io/test/oracle/gobgp

go 1.26.0

require github.com/osrg/gobgp/v4 v4.8.0
