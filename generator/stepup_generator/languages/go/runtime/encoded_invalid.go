package stepupmfa

func invalid(problem string) encoded {
	return encoded{problem: problem}
}
