package stepupmfa

// required returns a member that must be present.
func (v value) required(name string) value {
	member := v.member(name)
	if _, ok := v.object()[name]; !ok {
		member.fail("is missing")
	}
	return member
}
