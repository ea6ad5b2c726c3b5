module driver

go 1.22

require (
	github.com/google/uuid v1.6.0
	github.com/stepup-mfa/stepup-mfa-go v0.0.0
)

replace github.com/stepup-mfa/stepup-mfa-go => ../../../generated_client/go
