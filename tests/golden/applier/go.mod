module portside.dev/tests/golden/applier

go 1.19

require gopkg.in/evanphx/json-patch.v4 v4.13.0
