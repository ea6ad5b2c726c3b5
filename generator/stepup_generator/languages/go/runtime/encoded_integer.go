package stepupmfa

func jsonInteger(value int64, constraints ...constraint[int64]) encoded {
	return encoded{json: value, problem: violated(value, constraints)}
}
