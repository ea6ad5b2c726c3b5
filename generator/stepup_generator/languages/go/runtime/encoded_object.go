package stepupmfa

// members are those of an object that is being encoded; of its problems one is kept.
type members struct {
	values  map[string]any
	problem string
}

func (m *members) put(name string, value encoded) {
	if value.problem != "" {
		m.problem = name + ": " + value.problem
	}
	if m.values == nil {
		m.values = map[string]any{}
	}
	m.values[name] = value.json
}

func (m *members) encoded() encoded {
	if m.values == nil {
		return encoded{json: map[string]any{}, problem: m.problem}
	}
	return encoded{json: m.values, problem: m.problem}
}
