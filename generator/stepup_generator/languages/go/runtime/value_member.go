package stepupmfa

// member returns a member of an object, null where it is absent.
func (v value) member(name string) value {
	return value{v.object()[name], v.path + "/" + name, v.decoding}
}
