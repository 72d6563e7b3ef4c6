print('whole')
