package stepupmfa

import "github.com/google/uuid"

// jsonUUID rejects the zero UUID, which a field holds that was not set.
func jsonUUID(value uuid.UUID, constraints ...constraint[string]) encoded {
	if value == uuid.Nil {
		return invalid("is missing")
	}
	return encoded{json: value.String(), problem: violated(value.String(), constraints)}
}
