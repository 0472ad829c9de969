module Later
  VALUE = "late"
end
