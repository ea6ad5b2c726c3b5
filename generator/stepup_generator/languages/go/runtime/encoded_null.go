package stepupmfa

// nullIf is null where its condition holds.
func nullIf(condition bool, value encoded) encoded {
	if condition {
		return encoded{}
	}
	return value
}
