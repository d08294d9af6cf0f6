// The form fields that the elicitation scenarios look for, by the proposals that brought them.

/** SEP-1034: a default for every primitive type. */
export const fieldsWithDefaults = {
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
};

const choices = [
  { const: 'value1', title: 'First Choice' },
  { const: 'value2', title: 'Second Choice' },
  { const: 'value3', title: 'Third Choice' },
];
const options = ['option1', 'option2', 'option3'];

/** SEP-1330: one or several of a list, with and without titles, and the older `enumNames`. */
export const enumFields = {
  untitledSingle: { type: 'string', enum: options },
  titledSingle: { type: 'string', oneOf: choices },
  legacyEnum: {
    type: 'string',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
  titledMulti: { type: 'array', items: { anyOf: choices } },
};
