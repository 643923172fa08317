"""CloudFormation templates: text, tree, template, facts.

json_text, yaml_text   text to a tree whose containers know their lines
joining, renaming, exports, several   several stacks as one
sections, conditions   tree to Template: parameters, mappings, conditions, resources
intrinsics, attributes expressions to values; what is not resolved stays symbolic or becomes a Gap
order                  which resource waits for which
fields                 one resource's properties, read one by one
network ... tasks      resources to nouns, one module a part of AWS
unread                 what is not read, and what that leaves unknown
read                   the way in
"""
