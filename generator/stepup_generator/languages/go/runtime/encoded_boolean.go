package stepupmfa

func jsonBoolean(value bool) encoded {
	return encoded{json: value}
}
