module portside.dev/e2e/kit

go 1.24
