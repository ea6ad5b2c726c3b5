package stepupmfa

func (v value) fail(problem string) {
	if v.decoding.problem == "" {
		v.decoding.problem = v.path + ": " + problem
		if v.path == "" {
			v.decoding.problem = problem
		}
	}
}
